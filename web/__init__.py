"""What every HTTP server of Aisle does alike."""
