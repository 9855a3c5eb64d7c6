"""What one does with a text, be it a post or a comment: its versions, reactions, mentions, and its end."""
