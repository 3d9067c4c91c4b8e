"""What is asked in a household, and what an answer means: XLSForm sources, the XForm reader, the interview."""
