"""Deploy the service and run the steps of its workflows: `python3 -m modelserve.deploy --help`."""
