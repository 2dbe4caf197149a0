"""E-mails about accounts: requests queue rows; a worker creates links and sends the e-mails."""
