"""Live: the stream that tells browsers that something came, and the partials that they then fetch."""
