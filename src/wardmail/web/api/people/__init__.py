"""Operations for people, who call with a key of their own."""
