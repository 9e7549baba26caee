"""Tables: columns of numbers, booleans and categories."""
