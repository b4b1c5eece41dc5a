"""All pages of schedules."""

from api.dashboard.schedules import acts, bulk, changing, listing, one, versions

PAGES = (*listing.PAGES, *bulk.PAGES, *one.PAGES, *acts.PAGES, *versions.PAGES, *changing.PAGES)
