"""The way in: what an installation has as the package `callsheet`, beside ours. Its name is nobody else's."""
