"""A challenger: a second model that answers the same rows off the requests' path."""
