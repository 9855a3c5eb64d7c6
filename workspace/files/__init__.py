"""Files that posts, comments and numbers carry: pictures and documents, each with its versions."""
