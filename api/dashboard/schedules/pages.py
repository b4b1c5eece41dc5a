"""All pages of schedules."""

from api.dashboard.schedules import acts, listing, one

PAGES = (*listing.PAGES, *one.PAGES, *acts.PAGES)
