"""What guards every room: sealed columns, tokens, frame policy, limits."""
