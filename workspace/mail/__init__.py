"""The outbox and its delivery: every email is a row, written in the transaction that causes it."""
