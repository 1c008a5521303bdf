-- A new photo for a licence that is held is counted apart from applications from now on (figures/fold.py). What was counted
-- before stays as it is: the mark says until when the two were together, where anything was counted at all.

INSERT INTO figure_mark (measure, at)
SELECT 'replacement.accepted', now()
 WHERE EXISTS (SELECT 1 FROM figure_count WHERE measure IN ('application.accepted', 'application.refused'));
