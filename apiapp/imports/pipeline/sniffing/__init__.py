"""How a text file is written, decided from evidence, one module for each kind of decision."""
