"""What screens are built of: the theme, the status strip, and one widget per question type."""
