"""Coal-free zones (禁煤区): proposed from evidence, designated by another person, and watched.

"Wherever conversion reaches, the zone reaches" (覆盖到哪里，划定到哪里) is the rule of the plans; this room shows
how far that is true, and what a coal stove is inside a zone and outside of one.
"""
