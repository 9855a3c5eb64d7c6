"""Reports of posts and comments to the moderators."""
