"""From a bare host to the first finished job: our role beside the steps that the published one takes."""
