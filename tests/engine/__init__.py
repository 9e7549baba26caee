"""The tests of the library, which import it in place."""
