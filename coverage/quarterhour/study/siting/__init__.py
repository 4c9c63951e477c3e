"""A study's siting questions: sites, demand, question, proposal, outlook."""
