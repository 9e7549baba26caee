"""The report of the monitoring job, drawn as one page of HTML."""
