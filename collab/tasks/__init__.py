"""What is to be done: personal tasks and those of projects, on boards, with comments."""
