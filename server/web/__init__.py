"""The shell every page stands in.

Layout, language, tables, charts drawn on the server, spreadsheets, error pages and the registry of
panels. It knows no capability and no database: what it shows of them is handed in by the application,
so every other room may lean on it.
"""

from server.web.downloads import download
from server.web.language import N_, labelled, request_language, translate
from server.web.listing import Page, Sorting, page_number, sorting, with_query
from server.web.panels import Panels
from server.web.problems import Problem, problem
from server.web.rendering import render
from server.web.sheets import SheetColumn
from server.web.shell import NavItem, ShellFacts, install

__all__ = [
    "N_",
    "NavItem",
    "Page",
    "Panels",
    "Problem",
    "SheetColumn",
    "ShellFacts",
    "Sorting",
    "download",
    "install",
    "labelled",
    "page_number",
    "problem",
    "render",
    "request_language",
    "sorting",
    "translate",
    "with_query",
]
