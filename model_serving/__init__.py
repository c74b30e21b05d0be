"""The model server: recommendations and purchase predictions over HTTP."""
