"""The surveyor's tablet: a Kivy application over the offline replica."""
