"""An invented company with two months of its program, made by the services that real life would call.

Every name is made up, every address is in a reserved domain, every phone number is one that
Britain's regulator keeps for stories.
"""
