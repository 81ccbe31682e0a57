"""What the README's figures come from: each benchmark prints a ratio against a peer measured in the same run."""
