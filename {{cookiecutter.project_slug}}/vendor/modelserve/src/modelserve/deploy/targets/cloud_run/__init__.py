"""Deploy to Google Cloud Run."""
