"""What our own and other domains publish: gathered, graded, and the records to publish."""
