DROP FUNCTION IF EXISTS @fold();
DROP FUNCTION IF EXISTS @cell_of(integer, text);
DROP FUNCTION IF EXISTS @cell_of(integer, text, text);
DROP TABLE IF EXISTS @changes, @cells, @minutes, @hours, @touched;
