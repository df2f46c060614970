"""What a program reads of its surroundings, the clock and random numbers: recorded and served where it is asked for."""
