"""What the alert action, the resend input and the REST handlers of the Portcullis app share."""
