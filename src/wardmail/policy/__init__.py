"""Facts in, decisions out: rules as data, one pure evaluator."""
