"""The outbox and the postman: every mail is a row, written in the transaction that causes it."""
