DROP FUNCTION IF EXISTS @compact();
DROP FUNCTION IF EXISTS @cell_of(integer, text);
DROP FUNCTION IF EXISTS @cell_of(integer, text, text);
DROP TABLE IF EXISTS @changes, @cells, @minutes, @hours, @dirty_groups;
