"""The store under stress: writers, readers, a foreign program, and the owner killed again and again."""
