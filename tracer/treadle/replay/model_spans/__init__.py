"""Model spans without a function: the request that their attributes hold, and the model asked again with it."""
