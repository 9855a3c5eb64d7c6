"""Live updates: the stream that tells browsers that something is new, and the partials that they then fetch."""
