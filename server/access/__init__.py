"""People, tablets and what they may do: sign-in, tokens, enrolment, the villages a tablet holds."""
