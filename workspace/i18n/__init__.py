"""Language: the reader’s language and time zone, dates and numbers in words, and Danish names."""
