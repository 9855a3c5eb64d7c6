"""Progress and challenges: the partnership's feed."""
