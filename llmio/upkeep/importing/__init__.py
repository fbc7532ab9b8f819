"""An export of groups read into this site: rows with new ids, people found by address, files fetched afterwards."""
