"""SQL of who may do what, who did what, and which definition a schedule had when."""
