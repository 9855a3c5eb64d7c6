"""Posts: progress and challenges, the partnership's feed."""
