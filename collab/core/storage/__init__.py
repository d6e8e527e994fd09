"""What is kept on disk: blobs, free space, and tidying up."""
