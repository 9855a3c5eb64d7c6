"""The fault bench of the mail: nothing is lost, and what is sent twice was in doubt, whatever goes wrong."""
