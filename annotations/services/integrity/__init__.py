"""What is recorded, by digest, of the things that labels rest on, and whether it still holds."""
