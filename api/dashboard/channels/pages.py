"""All pages of channels."""

from api.dashboard.channels import acts, listing, one

PAGES = (*listing.PAGES, *one.PAGES, *acts.PAGES)
