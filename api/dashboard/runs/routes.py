"""All pages of runs."""

from api.dashboard.runs import acting, listing, many, one

PAGES = (*listing.PAGES, *many.PAGES, *one.PAGES, *acting.PAGES)
