"""The report of the monitoring job: a self-contained page of HTML."""
