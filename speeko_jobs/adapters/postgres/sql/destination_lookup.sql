-- explain_held: what a destination, by its URL and the mark that lies in it, holds under a path
SELECT d.content
FROM speeko.destination w JOIN speeko.delivered d ON d.destination_id = w.id
WHERE w.url = %(url)s AND w.mark = %(mark)s AND d.path = %(path)s
